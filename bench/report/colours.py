# SPDX-License-Identifier: MIT
"""colours.py: the colours of page and pictures, light and dark, and what each subject of the bench looks like.

Chosen so that people who see no red or no green can tell them apart, and so that each is readable as text on its ground.
Shapes and dashes differ too, so no meaning hangs on colour alone.
"""

LIGHT = {
    "ground": "#ffffff", "panel": "#f4f6f8", "ink": "#1c2128", "faint": "#57606a", "grid": "#d5dae0",
    "gain": "#0b5cad", "loss": "#b1430a",
    "blue": "#0b5cad", "orange": "#b1430a", "green": "#00704f", "purple": "#8a3a92", "olive": "#6b5d00",
    "teal": "#006e86", "rose": "#b0255f", "brown": "#7a4a2b",
}  # fmt: skip
DARK = {
    "ground": "#0f1318", "panel": "#181e25", "ink": "#e6edf3", "faint": "#9aa5b1", "grid": "#2f3842",
    "gain": "#6cb0f5", "loss": "#f0985a",
    "blue": "#6cb0f5", "orange": "#f0985a", "green": "#4ecba1", "purple": "#d8a2e0", "olive": "#d8c650",
    "teal": "#5cc8de", "rose": "#f58cb4", "brown": "#d0a586",
}  # fmt: skip

# In a picture for the page each colour is one of these, and becomes a variable of the page's style.
SENTINELS = {name: f"#0102{number:02x}" for number, name in enumerate(LIGHT, 1)}

# Colour, marker and dashes.
LOOKS = {
    "efd": ("blue", "o", "-"), "kernel": ("orange", "s", "-"), "floor": ("faint", "|", ":"),
    "efd_c": ("teal", "D", "--"), "efd_level": ("teal", "D", "--"), "efd_level_20us": ("olive", "D", ":"),
    "efd_no_linger": ("teal", "D", "--"),
    "steps": ("purple", "|", ":"), "chase": ("olive", "|", ":"),
    "private": ("teal", "D", "--"), "no_look": ("teal", "D", "--"), "efd_reads": ("teal", "D", "--"),
    "sem_t": ("green", "^", "-."), "std_semaphore": ("purple", "v", "--"), "moodycamel": ("olive", "P", "-."),
    "pipe": ("rose", "X", ":"), "pending_flag": ("brown", "<", "--"), "uv_async": ("rose", ">", "-."),
    "boost": ("brown", "h", "-."), "robust_mutex": ("purple", "v", "--"), "pidfd": ("green", "^", "-."),
}  # fmt: skip
OTHER = ("brown", "d", ":")


def look(subject):
    return LOOKS.get(subject, OTHER)


def variables(palette):
    """The palette as declarations of CSS."""
    return "".join(f"--{name}:{value};" for name, value in palette.items())
