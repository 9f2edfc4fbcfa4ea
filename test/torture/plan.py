# SPDX-License-Identifier: GPL-2.0-only
"""What one seed's run does: a dictionary, drawn from the seed, that --plan repeats and --shrink makes smaller."""
import random

STEPS_BETWEEN = (0, 3, 10, 40)


def draw_dump(rnd):
    kind = "snapshot" if rnd.random() < 0.15 else "pre-dump"
    return {"kind": kind, "steps": rnd.randint(0, rnd.choice(STEPS_BETWEEN)), "delay_us": rnd.randint(0, 3000),
            "read": kind == "pre-dump" and rnd.random() < 0.2}


def draw_chain(rnd):
    return {"dumps": [draw_dump(rnd) for _ in range(rnd.randint(3, 10))],
            "final": rnd.choice(("paused", "paused", "stopped", "busy")),
            "delay_us": rnd.randint(0, 3000),
            "track": rnd.random() < 0.5,                # the last dump with --track-mem, as a snapshot has
            "dedup": rnd.random() < 0.2,
            "squash": rnd.random() < 0.2}


def draw(seed):
    rnd = random.Random(seed)
    chains = [draw_chain(rnd)]
    if rnd.random() < 0.15:
        chains.append(draw_chain(rnd))
    return {"seed": seed, "first_steps": rnd.randint(1, 60), "chains": chains, "disk": rnd.random() < 0.3,
            "more_steps": rnd.randint(20, 80), "reference": rnd.random() < 0.3, "hugepages": rnd.random() < 0.3,
            "options": []}


def without_chains(plan):
    """No dump at all: what fails then is the program."""
    return dict(plan, chains=[])
