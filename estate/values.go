package estate

import (
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/yaml"
)

// Objects in Telepod's namespace that the values refer to, and estate/authorities creates.
const (
	Issuer       = "telemetry"
	RootMap      = "telemetry-ca"
	RegionsMap   = "telemetry-regions"
	AuthorityKey = "telemetry-authority"
)

// derivedValue is a chart value derived from a field of the estate.
type derivedValue struct {
	path []string
	from string
}

func derivedValues() []derivedValue {
	return []derivedValue{
		{[]string{"cloud", "provider"}, "clusters[].cloud"},
		{[]string{"cloud", "platform"}, "clusters[].platform"},
		{[]string{"cloud", "region"}, "clusters[].region"},
		{[]string{"cloud", "account"}, "clusters[].account"},
		{[]string{"cluster", "name"}, "clusters[].name"},
		{[]string{"environment"}, "environment"},
		{[]string{"central", "enabled"}, "sites"},
		{[]string{"central", "role"}, "sites"},
		{[]string{"central", "primary"}, "sites.primary.endpoint"},
		{[]string{"central", "backup"}, "sites.backup.endpoint"},
	}
}

// ValuesOf returns the chart's values for a cluster. Values in the file override derived ones: those of the cluster
// override those of its site, which override the estate's. Mappings merge, lists replace.
func (e *Estate) ValuesOf(cluster Cluster) map[string]any {
	values := e.base(cluster)
	layers := []map[string]any{e.Values}
	if role := e.Role(cluster.Name); role != "" {
		site := e.Sites.Site(role)
		merge(values, e.siteValues(cluster, role))
		layers = append(layers, site.Values)
	}
	for _, more := range append(layers, cluster.Values) {
		merge(values, more)
	}
	if rules := e.sovereignty(cluster, values); len(rules) > 0 {
		merge(values, map[string]any{"regional": map[string]any{"sovereignty": rules}})
	}
	return values
}

// ValuesHeader is the start of every values file.
const ValuesHeader = "# Values of "

// ValuesFile returns the values file of a cluster.
func (e *Estate) ValuesFile(cluster Cluster, source string) ([]byte, error) {
	text, err := yaml.Marshal(e.ValuesOf(cluster))
	if err != nil {
		return nil, fmt.Errorf("write the values of %s: %w", cluster.Name, err)
	}
	return append([]byte(ValuesHeader+cluster.Name+", generated from "+source+" by telepod estate render: edit that file instead.\n"), text...), nil
}

func (e *Estate) base(cluster Cluster) map[string]any {
	cloud := withoutEmpty(map[string]any{"provider": cluster.Cloud, "platform": cluster.Platform, "region": cluster.Region, "account": cluster.Account})
	central := map[string]any{"primary": e.Sites.Primary.Endpoint}
	if e.Sites.Backup != nil {
		central["backup"] = e.Sites.Backup.Endpoint
	}
	values := map[string]any{"cloud": cloud, "cluster": map[string]any{"name": cluster.Name}, "central": central}
	if e.Environment != "" {
		values["environment"] = e.Environment
	}
	if e.Certificates.From == FromCertManager {
		values["tls"] = map[string]any{
			"issuerRef":   map[string]any{"name": Issuer, "kind": "Issuer", "group": "cert-manager.io"},
			"caConfigMap": RootMap,
		}
	}
	if !cluster.HasApplications() {
		values["injector"] = map[string]any{"enabled": false}
		values["regional"] = map[string]any{"enabled": false}
	} else if cluster.Identity.Regional != "" {
		values["regional"] = map[string]any{"identity": cluster.Identity.Regional}
	}
	return values
}

func (e *Estate) siteValues(cluster Cluster, role string) map[string]any {
	site := e.Sites.Site(role)
	central := map[string]any{"enabled": true, "role": role}
	service := map[string]any{"exposure": "internal"}
	if site.Exposure != "" {
		service["exposure"] = site.Exposure
	}
	if len(site.SourceRanges) > 0 {
		service["sourceRanges"] = site.SourceRanges
	}
	central["service"] = service
	maps.Copy(central, withoutEmpty(map[string]any{
		"jaeger": site.Stores.Jaeger, "prometheus": site.Stores.Prometheus, "identity": cluster.Identity.Central,
	}))
	if len(site.Stores.Kafka) > 0 {
		central["kafka"] = map[string]any{"brokers": site.Stores.Kafka}
	}
	if a := site.Stores.Archive; a != nil {
		archive := withoutEmpty(map[string]any{"bucket": a.Bucket, "region": a.Region, "endpoint": a.Endpoint})
		archive["regions"] = e.places()
		central["archive"] = archive
		if a.KeysSecret != "" {
			central["env"] = []any{
				fromSecret("AWS_ACCESS_KEY_ID", a.KeysSecret, "access-key-id"),
				fromSecret("AWS_SECRET_ACCESS_KEY", a.KeysSecret, "secret-access-key"),
			}
		}
	}
	return map[string]any{"central": central, "tls": map[string]any{"clientCAConfigMap": RegionsMap}}
}

func fromSecret(variable, secret, key string) map[string]any {
	return map[string]any{"name": variable, "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": secret, "key": key}}}
}

// places returns the regions that send, in the format of the archive's folders.
func (e *Estate) places() []string {
	var places []string
	for _, c := range e.Clusters {
		if c.HasApplications() && c.Cloud != "other" && !slices.Contains(places, c.Place()) {
			places = append(places, c.Place())
		}
	}
	return places
}

// sovereignty converts the residency rules that apply to a cluster into the chart's values.
func (e *Estate) sovereignty(cluster Cluster, values map[string]any) (rules []any) {
	if !cluster.HasApplications() {
		return nil
	}
	signals, _ := lookup(values, []string{"regional", "cloudExport", "signals"}).([]any)
	for _, rule := range e.Residency {
		if !rule.appliesTo(cluster) {
			continue
		}
		var excluded []any
		for _, role := range e.Sites.Roles() {
			if site, _ := e.Cluster(e.Sites.Site(role).Cluster); !rule.matches(site.Place()) {
				excluded = append(excluded, role)
			}
		}
		if len(signals) > 0 && !rule.matches(cluster.Place()) {
			excluded = append(excluded, "cloud")
		}
		for _, name := range regionalDestinations(values) {
			excluded = append(excluded, name) // their region is unknown
		}
		if len(excluded) == 0 {
			continue
		}
		drop := map[string]any{"action": "drop", "destinations": excluded}
		if rule.Attribute != "" {
			drop["attribute"] = rule.Attribute
		}
		if len(rule.Values) > 0 {
			drop["values"] = rule.Values
		}
		rules = append(rules, drop)
	}
	given, _ := lookup(values, []string{"regional", "sovereignty"}).([]any)
	if len(rules) > 0 {
		rules = append(rules, given...)
	}
	return rules
}

// regionalDestinations returns the names of the destinations, other than the sites, to which a region sends.
func regionalDestinations(values map[string]any) (names []string) {
	list, _ := lookup(values, []string{"regional", "destinations"}).([]any)
	for _, entry := range list {
		destination, _ := entry.(map[string]any)
		if name, ok := destination["name"].(string); ok && name != "" {
			names = append(names, name)
		}
	}
	return names
}

// withoutEmpty removes empty strings.
func withoutEmpty(values map[string]any) map[string]any {
	maps.DeleteFunc(values, func(_ string, value any) bool { return value == "" })
	return values
}

// merge adds the values of more, which override: mappings merge, everything else replaces. Mappings from more are copied.
func merge(into, more map[string]any) {
	for key, value := range more {
		mapping, isMapping := value.(map[string]any)
		below, hasMapping := into[key].(map[string]any)
		switch {
		case isMapping && hasMapping:
			merge(below, mapping)
		case isMapping:
			below = map[string]any{}
			merge(below, mapping)
			into[key] = below
		default:
			into[key] = value
		}
	}
}

// lookup returns the value at a path; nil if there is none.
func lookup(values map[string]any, path []string) any {
	var value any = values
	for _, key := range path {
		mapping, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = mapping[key]
	}
	return value
}
