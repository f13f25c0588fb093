module github.com/redis-lite/redis-lite/fuzz/goleveldb

go 1.26.0

require github.com/redis-lite/redis-lite v0.0.0

require (
	github.com/golang/snappy v0.0.0-20180518054509-2e65f85255db // indirect
	github.com/syndtr/goleveldb v1.0.0
	pgregory.net/rapid v1.3.0 // indirect
)

replace github.com/redis-lite/redis-lite => ../..
