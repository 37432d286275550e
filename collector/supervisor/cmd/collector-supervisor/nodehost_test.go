package main

import (
	"slices"
	"testing"
)

func TestNodeHost(t *testing.T) {
	for address, want := range map[string]string{"10.0.0.7": "", "fd00::7": "K8S_NODE_HOST=[fd00::7]"} {
		got := withNodeHost([]string{"A=b", "K8S_NODE_IP=" + address})
		if want == "" && len(got) != 2 || want != "" && !slices.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", address, got, want)
		}
	}
	if got := withNodeHost([]string{"A=b"}); len(got) != 1 {
		t.Errorf("%q, without an address of the node", got)
	}
}
