"""SensorThings 1.0 and 1.1 as they are met in the field; `twin.sensorthings` is the door."""
