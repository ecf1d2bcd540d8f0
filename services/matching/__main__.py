from services.matching.service import build
from services.matching.settings import Settings
from shared.run import main

main(Settings, build)
