"""What the administrators' pages say after something was done: words and tone by name."""

from minsheng.faces.web.words import _

OK, WARN = "ok", "warn"


def admin_words() -> dict[str, tuple[str, str]]:
    """Words and tone of each notice."""
    return {
        "user_off": (_("已停用，所有登录都已结束。"), OK),
        "user_on": (_("已重新启用，角色和从前一样。"), OK),
        "expiry_set": (_("最后一天已保存。"), OK),
        "factor_reset": (_("二次验证已取消，本人下次登录时重新设置。"), OK),
        "roles_asked": (_("已提请，安全管理员批准后生效。"), OK),
        "roles_granted": (_("已批准，本人下一次点击就生效。"), OK),
        "roles_refused": (_("已记下：不批准。"), OK),
        "none_chosen": (_("没有勾选，什么都没有做。"), WARN),
        "own_roles": (_("自己的角色要由别人提请。"), WARN),
        "own_decision": (_("自己提出的或关于自己的，要由另一位安全管理员决定。"), WARN),
        "guarded_own": (_("不能停用自己的账号，请另一位系统管理员来做。"), WARN),
        "guarded_administrator": (
            _("安全管理员和审计管理员的口令和二次验证不能由系统管理员重设：")
            + _("请停用这个账号，再由两个人给另一个账号授予角色。"),
            WARN,
        ),
        "wrong_expires": (_("没有保存：最后一天要写成年月日，并且不早于今天。"), WARN),
        "wrong_roles": (_("没有提请：三员只能单独有一个，不能与别的角色同时有。"), WARN),
        "client_granted": (_("已批准，对方现在可以进来。"), OK),
        "client_refused": (_("已记下：不批准，这个接口账号不会启用。"), OK),
        "own_client": (_("自己提请的，要由另一个人批准。"), WARN),
        "client_previous_dropped": (_("旧密钥已作废。"), OK),
        "client_narrowed": (_("权限已减少，已发的令牌也立即照此执行。"), OK),
        "client_no_scope": (_("没有改动：至少要留一项权限，而且只能减少。"), WARN),
        "client_revoked": (_("已发的令牌全部作废，对方要重新取。"), OK),
        "client_off": (_("已永久停用，它的令牌都已作废。"), OK),
        "opening_granted": (_("已批准，账号已开，请提请人把初始口令当面交给本人。"), OK),
        "opening_refused": (_("已记下：不批准开户。"), OK),
        "opening_own": (_("自己提请的要由另一位安全管理员决定。"), WARN),
        "opening_place": (_("这个单位不在本单位之下。"), WARN),
        "opening_suspended": (_("这个单位已停用，恢复后才能开户。"), WARN),
        "opening_held": (_("这个单位已有这个角色的有效账号，由它自己管理。"), WARN),
        "opening_taken": (_("这个单位已有这个账号，请换一个。"), WARN),
        "opening_gone": (_("没有照做：情况已经变了。下面是最新的情况。"), WARN),
    }
