//! What an executor and a backend say to each other: requests, constraints, events, usage.
