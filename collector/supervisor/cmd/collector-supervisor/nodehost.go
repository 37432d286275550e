package main

import "strings"

// withNodeHost adds K8S_NODE_HOST, the address in K8S_NODE_IP as a URL contains it: an IPv6 address needs
// brackets, which the Collector's configuration cannot add.
func withNodeHost(environment []string) []string {
	for _, variable := range environment {
		if address, found := strings.CutPrefix(variable, "K8S_NODE_IP="); found && strings.Contains(address, ":") {
			return append(environment, "K8S_NODE_HOST=["+address+"]")
		}
	}
	return environment
}
