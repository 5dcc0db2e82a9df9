"""What stands on every page until somebody looks: targets that stand still."""

from review.page.call import Call
from review.page.render import templates
from review.targets import Banner, banners

__all__ = ["banners_of"]


def banners_of(call: Call) -> list[Banner]:
    """Return the targets that stand still."""
    with call.reading() as connection:
        return banners(connection)


templates.globals["banners_of"] = banners_of  # base.html includes them, whatever the screen
