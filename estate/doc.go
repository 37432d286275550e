// Package estate reads the file that describes all clusters with Telepod, and derives everything else from it.
//
//	estate.yaml ▶ Load: strict decoding, then every contradiction ▶ Estate ▶ Values of each cluster
//	                                                                       ▶ Order of installation
//
// [Load] reports all problems at once, with line, path and the nearest name: structure first, then what no
// cluster can notice alone, such as two clusters of one name. It resolves no names and asks no cloud.
//
// The package is pure: it reads no files and knows no clients. Package estate/authorities makes the
// certificates, cmd/telepod runs the commands.
package estate

//go:generate go test -run Reference -update .
