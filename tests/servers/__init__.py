"""Real servers for tests: each on a free loopback port, each ended with the test that started it, however that ends."""
