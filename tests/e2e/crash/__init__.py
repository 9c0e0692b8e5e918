"""The crash matrix: the real process is killed where it hurts, again and again, and the service's own log is judged.

`worlds` what is planned · `watch` the service, and blows struck by its requests · `forks` processes that are quick to
start · `attempts` one run of the program · `power` what a power loss leaves · `judge` what must be true at the end ·
`story` one plan with all its kills · `matrix` many of them, counted (`make crash-matrix`).
"""
