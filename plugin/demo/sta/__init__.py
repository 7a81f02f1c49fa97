"""OGC SensorThings API 1.1 (OGC 18-088) in the embedded twin, below ``/sta/v1.1/``.

``model`` says what there is, ``options`` and ``filters`` read a query, ``sql`` writes it for SQLite, ``store`` keeps
the tables, ``read`` and ``write`` answer, ``api`` finds who does. ``seed``, ``rhythm`` and ``replay`` are the sensors
themselves, ``broker`` and ``publish`` tell subscribers over MQTT.
"""
