# SPDX-License-Identifier: GPL-2.0-only
"""What bench, storm, faults and big share: sandboxes, subjects, measured runs of a tool, image sets."""
