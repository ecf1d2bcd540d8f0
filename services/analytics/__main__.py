"""`python -m services.analytics serve | live | migrate | reread | parked …`"""

from services.analytics.service import build
from services.analytics.settings import Settings
from services.analytics.windows import live
from shared.run import main

if __name__ == "__main__":
    main(Settings, build, commands={"live": live})
