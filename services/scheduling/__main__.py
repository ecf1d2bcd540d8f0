from services.scheduling.service import build
from services.scheduling.settings import Settings
from shared.run import main

main(Settings, build)
