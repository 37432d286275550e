package metadata

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// newAzure returns the Instance Metadata Service
// (learn.microsoft.com/azure/virtual-machines/instance-metadata-service).
func newAzure(n Node) http.Handler {
	compute := map[string]any{
		"azEnvironment": "AzurePublicCloud",
		"location":      n.Region,
		"name":          n.Name,
		"osProfile":     map[string]any{"computerName": n.Name},
		"osType":        "Linux",
		"provider":      "Microsoft.Compute",
		// AKS creates a resource group for the nodes; detectors derive the cluster's name from the group's.
		"resourceGroupName": strings.Join([]string{"MC", "telemetry", n.Cluster, n.Region}, "_"),
		"subscriptionId":    n.Account,
		"tagsList":          []any{map[string]string{"name": "aks-managed-poolName", "value": "apps"}},
		"vmId":              n.ID,
		"vmScaleSetName":    "aks-apps-vmss",
		"vmSize":            n.Type,
		"zone":              n.Zone,
	}
	version := regexp.MustCompile(`^20\d\d-\d\d-\d\d$`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := func(why string) {
			w.WriteHeader(http.StatusBadRequest)
			writeJSON(w, map[string]string{"error": "Bad request. " + why})
		}
		query := r.URL.Query()
		switch {
		case r.Method != http.MethodGet:
			w.WriteHeader(http.StatusMethodNotAllowed)
		case !strings.EqualFold(r.Header.Get("Metadata"), "true"):
			refuse("Required metadata header not specified")
		case r.Header.Get("X-Forwarded-For") != "":
			refuse("X-Forwarded-For is not allowed")
		case !version.MatchString(query.Get("api-version")):
			refuse("api-version is invalid or was not specified in the request")
		case !slices.Contains([]string{"", "json"}, query.Get("format")):
			refuse("only JSON is answered for more than one value")
		case strings.TrimSuffix(r.URL.Path, "/") == "/metadata/instance":
			writeJSON(w, map[string]any{"compute": compute, "network": map[string]any{"interface": []any{}}})
		case strings.TrimSuffix(r.URL.Path, "/") == "/metadata/instance/compute":
			writeJSON(w, compute)
		default:
			http.NotFound(w, r)
		}
	})
}
