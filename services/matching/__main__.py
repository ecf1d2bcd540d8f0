from services.matching.loops import solve
from services.matching.service import build
from services.matching.settings import Settings
from shared.run import main

main(Settings, build, commands={"solve": solve})
