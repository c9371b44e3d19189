//! Raw sockets against the accept loop. Knows nothing of the service above it.
