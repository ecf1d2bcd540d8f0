"""`python -m services.analytics serve | live | migrate | reread | parked …`"""

from importlib import import_module

from services.analytics.service import build
from services.analytics.settings import Settings
from shared.run import main
from shared.service import Service


async def live(service: Service) -> int:
    """Faust is loaded by the one process that needs it: it would make every other start slower."""
    code: int = await import_module("services.analytics.windows").live(service)
    return code


if __name__ == "__main__":
    main(Settings, build, commands={"live": live})
