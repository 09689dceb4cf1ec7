"""The energy and carbon meter for notebooks."""
