"""Live sensors on the map: feeds over SensorThings and MQTT, the layers that follow them, and how they look."""
