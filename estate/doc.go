// Package estate reads the file that describes all clusters with Telepod, and derives everything else from it.
//
//	estate.yaml ▶ Load: strict decoding, then every contradiction ▶ Estate ▶ Values of each cluster
//	                                                                       ▶ Order of installation
//
// [Load] reports all problems together, with line, path and the nearest name: first the structure, then what no
// single cluster can notice, such as two clusters with the same name. It neither resolves names nor queries clouds.
//
// The package is pure: it reads no files and has no clients. Package estate/authorities creates the
// certificates, and cmd/telepod runs the commands.
package estate

//go:generate go test -run Reference -update .
