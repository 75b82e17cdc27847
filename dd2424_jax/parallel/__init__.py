"""Devices and processes: where runs lie, and how processes find each other."""
