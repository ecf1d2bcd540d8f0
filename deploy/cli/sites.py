"""Commands about the time zones of sites: used where a file of people names a site and no time zone."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cli import options
from deploy.cli.matching import asking

Site = Annotated[str, typer.Argument(help="The site, as HR writes it.", metavar="SITE")]
Zone = Annotated[str, typer.Argument(help="An IANA name, such as Europe/Madrid.", metavar="ZONE")]

sites = typer.Typer(no_args_is_help=True, help="Which time zone a site has.")


@sites.command("list")
def list_sites(directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Lists the sites whose time zone is known."""
    with asking(directory) as asked:
        found = asked.get("/v1/hris/sites")["items"]
    if not found:
        Console().print("No site has a time zone yet: `mentoring hris sites set SITE ZONE`.")
        return
    table = Table("site", "time zone")
    for one in found:
        table.add_row(escape(one["site"]), one["time_zone"])
    Console().print(table)


@sites.command("set")
def set_site(site: Site, zone: Zone, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Says which time zone a site has."""
    with asking(directory) as asked:
        said = asked.put(f"/v1/hris/sites/{quote(site, safe='')}", {"time_zone": zone})
    Console().print(f"{escape(said['site'])} is in {said['time_zone']}.")


@sites.command("remove")
def remove_site(site: Site, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Forgets a site's time zone; people who are there keep theirs."""
    with asking(directory) as asked:
        asked.delete(f"/v1/hris/sites/{quote(site, safe='')}")
    Console().print(f"The time zone of {escape(site)} is forgotten.")
