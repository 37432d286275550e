package metadata

import (
	"net/http"
	"strings"
)

// gceFlavor is the header that every request and response must have
// (cloud.google.com/compute/docs/metadata/querying-metadata).
const gceFlavor = "Metadata-Flavor"

// newGCE returns the metadata server, as GKE pods see it.
func newGCE(n Node) http.Handler {
	data := tree{
		"project/project-id":                   n.Account,
		"project/numeric-project-id":           "123456789012",
		"instance/id":                          n.ID,
		"instance/name":                        n.Name,
		"instance/hostname":                    n.Name + "." + n.Zone + ".c." + n.Account + ".internal",
		"instance/machine-type":                "projects/123456789012/machineTypes/" + n.Type,
		"instance/zone":                        "projects/123456789012/zones/" + n.Zone,
		"instance/attributes/cluster-name":     n.Cluster,
		"instance/attributes/cluster-location": n.Region, // for a regional cluster; a zonal one has its zone here
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(gceFlavor, "Google")
		w.Header().Set("Server", "Metadata Server for VM")
		path, below := strings.CutPrefix(r.URL.Path, "/computeMetadata/v1/")
		switch {
		case r.Method != http.MethodGet:
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		case r.URL.Path == "/": // clients probe for the server here
			write(w, "computeMetadata/\n")
		case !below:
			http.NotFound(w, r)
		case r.Header.Get(gceFlavor) != "Google":
			http.Error(w, "Missing Metadata-Flavor:Google header.", http.StatusForbidden)
		case r.Header.Get("X-Forwarded-For") != "":
			http.Error(w, "X-Forwarded-For is not allowed.", http.StatusForbidden)
		default:
			text, found := data.lookup(path)
			if !found {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/text")
			write(w, text)
		}
	})
}
