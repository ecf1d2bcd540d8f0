from services.notifications.service import build
from services.notifications.settings import Settings
from shared.run import main

main(Settings, build)
