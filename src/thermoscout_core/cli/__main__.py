"""python -m thermoscout_core.cli"""

from thermoscout_core.cli import app

app(prog_name="thermoscout")
