"""`sightline-local down`: stop everything and leave no process."""

from rich.console import Console

from sightline_local.processes import end_members, members
from sightline_local.settings import Settings
from sightline_local.supervisor import Supervisor


def down(settings: Settings, console: Console) -> None:
    """Stop the programs, the newest first, and then the supervisor; what is left at the deadline is killed.

    Raises LocalError when the supervisor refuses to stop.
    """
    supervisor = Supervisor(settings.state_dir)
    running = members(settings.state_dir)
    if not running:
        console.print("Sightline is not running.")
        return
    deadline_s = settings.local.local_stop_timeout_s
    if supervisor.pid() is None:
        # Killed itself: nobody is left to stop the programs in order.
        deadline_s = 0.0
    else:
        supervisor.shut_down()
    killed = end_members(settings.state_dir, deadline_s)
    for pid, command in killed.items():
        console.print(f"killed {pid}: {command[:120]}", highlight=False, markup=False)
    console.print(f"Sightline is down: {len(running)} processes stopped, none left.", highlight=False)
