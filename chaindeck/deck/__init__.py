"""The deck as a process: screen and engine side by side, and the eye kept on the screen."""
