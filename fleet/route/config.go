package route

import (
	"cmp"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/fleet"
)

// Config is the part of a Collector's configuration with addresses and the name of the site.
type Config struct {
	exporters map[string]exporter
	// Site is primary or backup for a central Collector; empty for others.
	Site string
}

// exporter has the addresses of all kinds of exporters; most are empty.
type exporter struct {
	Endpoint  string         `json:"endpoint"`
	URL       string         `json:"url"`
	Endpoints []SiteAddress  `json:"endpoints"`
	Brokers   []string       `json:"brokers"`
	Uploader  uploader       `json:"s3uploader"`
	Resolver  map[string]dns `json:"resolver"`
}

// SiteAddress is a central site in the configuration of regional Collectors.
type SiteAddress struct {
	Name     string `json:"name"`
	Endpoint string `json:"endpoint"`
}

type uploader struct {
	Bucket   string `json:"s3_bucket"`
	Endpoint string `json:"endpoint"`
}

type dns struct {
	Hostname string `json:"hostname"`
	Port     string `json:"port"`
}

// document is a file of a Collector's configuration.
type document struct {
	Exporters  map[string]exporter `json:"exporters"`
	Processors map[string]struct {
		Attributes []struct{ Key, Value string } `json:"attributes"`
	} `json:"processors"`
}

// files returns the chart's files in the order in which the Collector merges them.
func files() []string { return []string{"collector.yaml", "yours.yaml"} }

// ReadConfig reads the files of a Collector's ConfigMap.
func ReadConfig(data map[string]string) (Config, error) {
	c := Config{exporters: map[string]exporter{}}
	for _, name := range files() {
		var d document
		if err := yaml.Unmarshal([]byte(data[name]), &d); err != nil {
			return c, fmt.Errorf("read %s of the Collector's configuration: %w", name, err)
		}
		for id, e := range d.Exporters {
			c.exporters[id] = c.exporters[id].with(e)
		}
		for _, attribute := range d.Processors["resource/site"].Attributes {
			if attribute.Key == "telepod.central.site" {
				c.Site = fleet.Printable(attribute.Value)
			}
		}
	}
	return c, nil
}

// with overrides settings, as the Collector does: lists are replaced.
func (e exporter) with(o exporter) exporter {
	e.Endpoint, e.URL = cmp.Or(o.Endpoint, e.Endpoint), cmp.Or(o.URL, e.URL)
	e.Uploader.Bucket, e.Uploader.Endpoint = cmp.Or(o.Uploader.Bucket, e.Uploader.Bucket), cmp.Or(o.Uploader.Endpoint, e.Uploader.Endpoint)
	if o.Endpoints != nil {
		e.Endpoints = o.Endpoints
	}
	if o.Brokers != nil {
		e.Brokers = o.Brokers
	}
	if o.Resolver != nil {
		e.Resolver = o.Resolver
	}
	return e
}

// Sites returns the central sites of a regional Collector, in order of priority.
func (c Config) Sites() []SiteAddress {
	var list []SiteAddress
	for _, site := range c.exporters["otlp_failover"].Endpoints {
		list = append(list, SiteAddress{fleet.Printable(site.Name), fleet.Address(site.Endpoint)})
	}
	return list
}

// Addresses returns the known addresses of the sites, by name.
func (c Config) Addresses() map[string]string {
	all := map[string]string{}
	for _, site := range c.Sites() {
		if site.Endpoint != "" {
			all[site.Name] = site.Endpoint
		}
	}
	return all
}

// Address returns the address that an exporter sends to; empty if the configuration has none. A spool has the address of
// the uploader behind it.
func (c Config) Address(id string) string {
	kind, name, _ := strings.Cut(id, "/")
	e := c.exporters[id]
	if kind == "spool" {
		e = c.uploader(name)
	}
	if resolver := e.Resolver["dns"]; resolver.Hostname != "" {
		return fleet.Address(resolver.Hostname + ":" + resolver.Port)
	}
	if e.Uploader.Bucket != "" {
		address := "s3://" + fleet.Printable(e.Uploader.Bucket)
		if e.Uploader.Endpoint != "" {
			address += " at " + fleet.Address(e.Uploader.Endpoint)
		}
		return address
	}
	if len(e.Brokers) > 0 {
		var brokers []string
		for _, broker := range e.Brokers {
			brokers = append(brokers, fleet.Address(broker))
		}
		return fleet.Printable(strings.Join(brokers, ", "))
	}
	if len(e.Endpoints) > 0 {
		return fleet.Address(e.Endpoints[0].Endpoint)
	}
	return fleet.Address(cmp.Or(e.Endpoint, e.URL))
}

// uploader returns the exporter behind a spool, or the first of several: telepod.destination.uploader in the chart.
func (c Config) uploader(name string) exporter {
	const write = "prometheus_remote_write"
	ids := []string{write + "/" + name}
	if name == "prometheus" {
		ids = []string{write}
	}
	for _, signal := range []string{"traces", "metrics", "logs"} {
		id := "awss3/" + name + "/" + signal
		if name == "archive" {
			id = "awss3/" + signal
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		if e, found := c.exporters[id]; found {
			return e
		}
	}
	return exporter{}
}
