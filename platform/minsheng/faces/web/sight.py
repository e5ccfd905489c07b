"""What the logged-in person may see besides the plain desk."""

from minsheng.cases.service import Sight
from minsheng.faces.web.desk import may


def sight() -> Sight:
    """Complaints about the office itself and unnamed citizens, for those with the permission."""
    return Sight(confidential=may("citizens.confidential"))
