// Command collector-supervisor is the process of a Collector container: it keeps the container
// running while it restarts the Collector. See package supervisor.
package main
