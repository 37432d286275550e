// Package status summarizes an estate: one row for each cluster, with the current state of its injector, pods and
// Collectors.
//
//	reading.go  what was read from a cluster, as package inventory returns it
//	row.go      a row, and its problems
//	traffic.go  the numbers from the Collectors' own metrics: site, queue, spans per second
//	map.go      the positions of clusters, sites and links on the map
//	page.go     the page: template and style of page/, embedded
//
// It is pure: it reads no cluster and no clock. A number that could not be read is absent, never guessed or zero.
package status
