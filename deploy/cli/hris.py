"""Commands about the people HR systems know. They ask the running stack over HTTP."""

from __future__ import annotations

import typer

from deploy.cli import people_files, sites

hris = typer.Typer(no_args_is_help=True, help="The people HR systems know: files of them, and sites.")
hris.command("import")(people_files.import_file)
hris.add_typer(people_files.files, name="file")
hris.add_typer(sites.sites, name="sites")
