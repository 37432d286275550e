package metadata

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Node is a virtual machine of a cloud.
type Node struct {
	// Cloud is aws, gcp or azure.
	Cloud string
	// Name of the machine.
	Name string
	// ID of the machine: i-0a1b… on aws, a number on gcp, a UUID on azure.
	ID string
	// Type of the machine, such as m7g.large.
	Type string
	// Region and Zone, as the cloud names them.
	Region, Zone string
	// Account is the account, project or subscription.
	Account string
	// Cluster is the managed Kubernetes cluster that the machine belongs to.
	Cluster string
}

// Handler returns the metadata service of the node's cloud.
func (n Node) Handler() (http.Handler, error) {
	switch n.Cloud {
	case "aws":
		return newEC2(n), nil
	case "gcp":
		return newGCE(n), nil
	case "azure":
		return newAzure(n), nil
	}
	return nil, fmt.Errorf("metadata service of node %s: unknown cloud %q, want aws, gcp or azure", n.Name, n.Cloud)
}

func write(w http.ResponseWriter, text string) { _, _ = fmt.Fprint(w, text) } // fails only if the client has disconnected

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // as above
}

// tree maps paths to their text. A path with others below it returns their names, one per line, as EC2 and
// Compute Engine do.
type tree map[string]string

func (t tree) lookup(path string) (text string, found bool) {
	if text, found = t[path]; found {
		return text, true
	}
	if path != "" && !strings.HasSuffix(path, "/") {
		return "", false
	}
	seen := map[string]bool{}
	var names []string
	for key := range t {
		rest, below := strings.CutPrefix(key, path)
		if !below {
			continue
		}
		if name, _, deeper := strings.Cut(rest, "/"); deeper {
			rest = name + "/"
		}
		if !seen[rest] {
			seen[rest] = true
			names = append(names, rest)
		}
	}
	if names == nil {
		return "", false
	}
	slices.Sort(names)
	return strings.Join(names, "\n"), true
}
