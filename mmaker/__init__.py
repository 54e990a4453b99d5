"""The compositor: paints the stream over the snapshots, and keeps staging and the heatmap model."""
