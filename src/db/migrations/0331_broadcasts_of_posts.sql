-- min_code: 220
-- What devices are told of a post to a group, by the post: it is emptied with who said it.
CREATE INDEX broadcasts_of_posts ON broadcasts ((origin ->> 'postId')) WHERE origin ? 'postId';
