"""Files that are whole or not there, downloads, progress."""
