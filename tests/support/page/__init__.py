"""Support of the tests of the advisers' page."""
