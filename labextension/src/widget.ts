/** The anywidget entry. */
export default {
  render(): void {
    // Drawn by the view once there is one.
  }
};
