package estate

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/telepod/telepod/profiles"
)

// contradictions finds problems that only show when fields or clusters are compared.
func (c *checker) contradictions() {
	c.unique("name", func(cluster Cluster) string { return strings.ToLower(cluster.Name) })
	c.unique("context", Cluster.KubeContext)
	for _, role := range c.Sites.Roles() {
		if site := c.Sites.Site(role); !slices.Contains(c.Names(), site.Cluster) {
			c.Report("sites."+role+".cluster", "no cluster has the name %q%s", site.Cluster, profiles.DidYouMean(site.Cluster, c.Names()))
		}
	}
	if len(c.Mistakes) > 0 {
		return
	}
	c.pair()
	for i, cluster := range c.Clusters {
		if path := fmt.Sprintf("clusters[%d]", i); !cluster.HasApplications() && c.Role(cluster.Name) == "" {
			c.Report(path, "%q runs neither applications nor a site: remove the cluster, or its applications: false", cluster.Name)
		}
	}
	c.buckets()
	c.residency()
	c.networks()
	c.versions()
	c.derived()
}

// unique finds two clusters with the same name or context: the sites would mix up their telemetry, or one would be
// installed over the other.
func (c *checker) unique(field string, of func(Cluster) string) {
	first := map[string]int{}
	for i, cluster := range c.Clusters {
		earlier, found := first[of(cluster)]
		if !found {
			first[of(cluster)] = i
			continue
		}
		c.Report(fmt.Sprintf("clusters[%d].%s", i, field), "%q is also used by clusters[%d], on line %d: give each cluster its own",
			of(cluster), earlier, c.Line(fmt.Sprintf("clusters[%d].%s", earlier, field)))
	}
}

// pair checks that no single event can stop both sites.
func (c *checker) pair() {
	primary, backup := c.Sites.Primary, c.Sites.Backup
	if backup == nil {
		c.warn("sites", "has no backup: while the primary is down, telemetry waits on the nodes' disks")
		return
	}
	a, _ := c.Cluster(primary.Cluster)
	b, _ := c.Cluster(backup.Cluster)
	hostA, _ := splitEndpoint(primary.Endpoint)
	hostB, _ := splitEndpoint(backup.Endpoint)
	switch {
	case a.Name == b.Name:
		c.Report("sites.backup.cluster", "%q also hosts the primary: put the backup into another cluster", b.Name)
	case a.Place() == b.Place():
		c.Report("sites.backup.cluster", "both sites are in %s: put the backup into another region, preferably in another cloud", a.Place())
	case a.Cloud == b.Cloud && a.Cloud != "other":
		c.warn("sites.backup.cluster", "both sites are on %s: a backup in another cloud also survives a failure of the cloud", clouds()[a.Cloud].title)
	}
	if strings.EqualFold(hostA, hostB) {
		c.Report("sites.backup.endpoint", "both sites have the name %q: each name must point to only one site, or failover cannot work", hostB)
	}
}

// buckets finds a bucket that both sites write to.
func (c *checker) buckets() {
	for _, role := range c.Sites.Roles() {
		site := c.Sites.Site(role)
		cluster, _ := c.Cluster(site.Cluster)
		archive, path := site.Stores.Archive, "sites."+role+".stores.archive"
		if archive != nil && archive.Endpoint == "" && cluster.Cloud != "aws" && archive.KeysSecret == "" {
			c.warn(path, "the bucket is on AWS, but the site is not: set keysSecret to a Secret with access-key-id and secret-access-key")
		}
	}
	if c.Sites.Backup == nil || c.Sites.Primary.Stores.Archive == nil || c.Sites.Backup.Stores.Archive == nil {
		return
	}
	a, b := *c.Sites.Primary.Stores.Archive, *c.Sites.Backup.Stores.Archive
	if a.Bucket == b.Bucket && a.Endpoint == b.Endpoint {
		c.warn("sites.backup.stores.archive.bucket", "both sites write to the bucket %q, so neither can archive if its cloud fails: give each site its own", b.Bucket)
	}
}

// matches reports whether a rule includes a region: cloud/region, or a prefix followed by *.
func (r Rule) matches(place string) bool {
	return slices.ContainsFunc(r.Regions, func(region string) bool {
		prefix, open := strings.CutSuffix(region, "*")
		return region == place || open && strings.HasPrefix(place, prefix)
	})
}

// appliesTo reports whether a rule applies to what a cluster sends.
func (r Rule) appliesTo(cluster Cluster) bool {
	return len(r.Clusters) == 0 || slices.Contains(r.Clusters, cluster.Name)
}

// residency finds rules under which no site may store some telemetry.
func (c *checker) residency() {
	for i, rule := range c.Residency {
		path := fmt.Sprintf("residency[%d]", i)
		for n, name := range rule.Clusters {
			if !slices.Contains(c.Names(), name) {
				c.Report(fmt.Sprintf("%s.clusters[%d]", path, n), "no cluster has the name %q%s", name, profiles.DidYouMean(name, c.Names()))
			}
		}
		var allowed, places []string
		for _, role := range c.Sites.Roles() {
			cluster, _ := c.Cluster(c.Sites.Site(role).Cluster)
			places = append(places, fmt.Sprintf("%s in %s", role, cluster.Place()))
			if rule.matches(cluster.Place()) {
				allowed = append(allowed, role)
			}
		}
		switch {
		case len(allowed) == 0:
			c.Report(path+".regions", "no site is in %s (%s), so telemetry that the rule matches would be dropped: put a site there, or change the rule",
				strings.Join(rule.Regions, ", "), strings.Join(places, ", "))
		case !slices.Contains(allowed, Primary):
			c.Report(path+".regions", "the primary site may not store telemetry that the rule matches (%s), so it would be dropped while the primary works: make the backup the primary, or change the rule",
				strings.Join(places, ", "))
		case len(allowed) < len(places):
			c.warn(path+".regions", "only the primary may store telemetry that the rule matches: it is dropped while the backup serves")
		}
		c.residencyOfDestinations(path, rule)
	}
}

// residencyOfDestinations warns that a rule applies to all regional destinations, because their region is unknown.
func (c *checker) residencyOfDestinations(path string, rule Rule) {
	var clusters, names []string
	for _, cluster := range c.Clusters {
		to := regionalDestinations(c.ValuesOf(cluster))
		if len(to) == 0 || !cluster.HasApplications() || !rule.appliesTo(cluster) {
			continue
		}
		clusters, names = append(clusters, cluster.Name), append(names, to...)
	}
	if len(names) > 0 {
		slices.Sort(names)
		c.warn(path, "telemetry that the rule matches is not sent to regional.destinations (%s) of %s: their region is unknown",
			strings.Join(slices.Compact(names), ", "), strings.Join(clusters, ", "))
	}
}

// networks finds overlapping address ranges of a region and a site, which peered networks cannot route.
func (c *checker) networks() {
	for i, cluster := range c.Clusters {
		for _, role := range c.Sites.Roles() {
			site := c.Sites.Site(role)
			other, _ := c.Cluster(site.Cluster)
			if site.Exposure == "public" || other.Name == cluster.Name || c.Role(cluster.Name) == Primary && role == Backup {
				continue // report each pair once
			}
			for n, text := range cluster.Networks {
				for _, theirs := range other.Networks {
					a, b := netip.MustParsePrefix(text), netip.MustParsePrefix(theirs)
					if a.Overlaps(b) {
						c.Report(fmt.Sprintf("clusters[%d].networks[%d]", i, n), "%s overlaps %s of %q, which hosts the %s site, so peered networks cannot route it: change one, or set sites.%s.exposure to public", text, theirs, other.Name, role, role)
					}
				}
			}
		}
	}
}

// versions finds clusters whose chart version or images differ from the rest.
func (c *checker) versions() {
	for i, cluster := range c.Clusters {
		if cluster.Version != "" && cluster.Version != c.Chart.Version && !cluster.Canary {
			c.warn(fmt.Sprintf("clusters[%d].version", i), "is %s, but the estate's is %s: for a trial, set canary: true; otherwise remove it", cluster.Version, orNewest(c.Chart.Version))
		}
	}
	for _, path := range [][]string{{"injector", "image"}, {"collector", "image"}, {"drill", "image"}} {
		var first any
		var of string
		for i, cluster := range c.Clusters {
			image := lookup(c.ValuesOf(cluster), path)
			if i == 0 {
				first, of = image, cluster.Name
				continue
			}
			if !reflect.DeepEqual(first, image) && !cluster.Canary {
				c.warn(fmt.Sprintf("clusters[%d].values", i), "%s differs from that of %q: regions and sites should run the same images", strings.Join(path, "."), of)
			}
		}
	}
}

func orNewest(version string) string {
	if version == "" {
		return "not set"
	}
	return version
}

// derived finds values that would override other settings of the estate.
func (c *checker) derived() {
	check := func(path string, values map[string]any) {
		for _, d := range derivedValues() {
			if value := lookup(values, d.path); value != nil {
				c.Report(strings.Join(append([]string{path}, d.path...), "."), "comes from %s: set it there, and remove it here", d.from)
			}
		}
	}
	check("values", c.Values)
	for _, role := range c.Sites.Roles() {
		check("sites."+role+".values", c.Sites.Site(role).Values)
	}
	for i, cluster := range c.Clusters {
		check(fmt.Sprintf("clusters[%d].values", i), cluster.Values)
	}
}
