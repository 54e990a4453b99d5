"""The panels of the main screen, each a pure function from a report to lines, and the widget that shows lines."""
