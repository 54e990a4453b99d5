"""From a tape to answers: a reader that gives a watcher what another reader was answered then."""
