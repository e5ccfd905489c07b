"""Citizens who ask not to be named (要求保密): how they say it, and what must not show then.

The words are our own reading of citizens' letters and of the remarks of hotline clerks; a form's
"是否保密：是" counts, "无需保密" does not.
"""

import re

from minsheng.intake.text import NAME

HOME = "〔住址〕"

_ASKED = re.compile(
    r"(?:要求|请求|申请|希望|需要?|务必|请|恳请|麻烦)(?:你们|贵局|贵单位|领导|政府|部门|予以|给予|对其|对|将|替|为|帮|给)*"
    r"(?:我们?|本人|其|举报人|投诉人|反映人|来电人|留言人)?的?"
    r"(?:个人)?(?:身份|姓名|信息|电话|号码|资料|、|和|及|与)*(?:进行|予以|给予|严格|加以|要)*保密(?![的协局])"
    r"|(?:不要|请勿|切勿|勿|别|不得|不能|不想|不愿意?|不可)(?:对外|向外|向任何人|把|将)*"
    r"(?:透露|泄露|泄漏|公开|暴露|告知|说出)(?:出去|我们?|本人|来电人|举报人|投诉人|反映人|个人|的|任何)*"
    r"(?:姓名|名字|身份|信息|电话|号码|联系方式|资料)"
    r"|(?:是否|要求)?保密[：:]\s*(?:是|需要|要求|有|1)"
    r"|(?:采用|采取|申请|要求|请求|选择|以|我|本人)?匿名(?:反映|举报|投诉|来电|来信|留言|方式|控告|检举)"
)
_NOT = re.compile(r"(?:不|无|没有?|毋)(?:需要?|必|用|要求|要|申请)?(?:进行|予以)?(?:匿名|保密)")

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏"
    "吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武"
    "钱戴严莫孔向常汤康易乔赖文欧岳安齐梅施庄柳葛洪"
)
_SELF = re.compile(
    rf"((?:我叫|我是|本人叫|本人是|本人|署名|姓名|联系人|反映人|举报人|投诉人|来电人|留言人)[是为：:\s]{{0,2}})"
    rf"[{_SURNAMES}][一-鿿]{{1,2}}(?=[，,。；;、（(\s]|$)"
)
_DOOR = re.compile(
    r"(?:\d{1,3}(?:号楼|栋|幢|座|#楼?)\s?)?(?:[一二三四五六七八九十\d]{1,3}(?:单元|门)\s?)"
    r"?[\dA-Za-z一二三四五六七八九十]{1,5}(?:室|户|号房)"
)


def asks_confidence(*texts: str) -> bool:
    """Whether one of the texts asks that the citizen be not named."""
    return any(_ASKED.search(_NOT.sub("", text)) for text in texts)


def hide_person(text: str) -> str:
    """A text with placeholders where its writer names himself or his own door."""
    return _DOOR.sub(HOME, _SELF.sub(rf"\1{NAME}", text))
