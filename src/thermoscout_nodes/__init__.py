"""Thin rclpy nodes around :mod:`thermoscout_core`: parameters, topics, message conversion."""
