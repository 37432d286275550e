// Package status sums up an estate: one row for each cluster, with what its injector, pods and Collectors do now.
//
//	reading.go  what was read of a cluster, as package inventory returns it
//	row.go      a row, and what in it needs attention
//	traffic.go  the numbers of Collectors' own metrics: site, queue, spans per second
//	map.go      where clusters, sites and links are on the map
//	page.go     the page: template and style of page/, embedded
//
// Pure: it reads no cluster and knows no clock. A number that was not read is absent; it is never guessed, and never zero.
package status
