"""One page of all results: what stands on it, gathered from run directories, as HTML, Markdown and LaTeX."""
