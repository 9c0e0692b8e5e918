"""Values and errors only: what every other part of pcreconcile speaks about. Imports nothing of ours."""
