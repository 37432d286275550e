package ports

import (
	"fmt"
	"net"
	"strconv"
	"testing"
)

// Free returns n different ports of an IP address on which nothing listens. Another program may open them before their
// process starts, so start it soon.
func Free(ip string, n int) ([]int, error) {
	var free []int
	for range n {
		l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() // at the end: an open port is not found twice
		free = append(free, l.Addr().(*net.TCPAddr).Port)
	}
	return free, nil
}

// ForTest is Free for a test.
func ForTest(t testing.TB, ip string, n int) []int {
	t.Helper()
	free, err := Free(ip, n)
	if err != nil {
		t.Fatal(err)
	}
	return free
}

// Texts returns ports as text.
func Texts(ports []int) []string {
	texts := make([]string, len(ports))
	for i, port := range ports {
		texts[i] = strconv.Itoa(port)
	}
	return texts
}
