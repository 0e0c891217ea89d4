// Package drain moves real gates between servers on one database, by a load balancer,
// while people go in. It holds tests only.
package drain
