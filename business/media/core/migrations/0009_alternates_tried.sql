-- Which other forms were made of the item's renditions, whether or not they were worth keeping: 1 for WebP, 2 for AVIF, 3
-- for both. What is wanted and not among them is made yet.
ALTER TABLE media ADD COLUMN alternates_tried BIGINT NOT NULL DEFAULT 0;
UPDATE media SET alternates_tried =
    (EXISTS (SELECT 1 FROM alternates WHERE media_id = media.id AND name <> 'original' AND content_type = 'image/webp'))
    + 2 * (EXISTS (SELECT 1 FROM alternates WHERE media_id = media.id AND name <> 'original' AND content_type = 'image/avif'));
